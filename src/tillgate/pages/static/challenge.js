// The page of a challenge, in a window over a merchant's page: Escape closes that, wherever it is pressed.
(() => {
  "use strict"

  let port = null
  let isLeft = false // before there was anybody to be told
  addEventListener("message", ({ source, ports }) => {
    if (!port && source === parent && source !== window) port = ports[0] ?? null
    if (isLeft) port?.postMessage({})
  })
  addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return
    isLeft = true
    port?.postMessage({})
  })
})()
