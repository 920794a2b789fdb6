// The page of a challenge, in a window over a merchant's page: Escape closes that, wherever it is pressed.
(() => {
  "use strict"

  let port = null
  addEventListener("message", ({ source, ports }) => {
    if (!port && source === parent && source !== window) port = ports[0] ?? null
  })
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") port?.postMessage({})
  })
})()
