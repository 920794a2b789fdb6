// Keeps a page up to date: an event stream while somebody looks at it, and again whenever it was lost.
//
// live({path, hear, show, wanted}) answers {listen, leave, retry}:
//   hear(state)   is given what the server tells, each time the whole of it
//   show(isUp)    is told where the connection is lost for longer than a moment, and when it is back
//   wanted()      says whether there is something to wait for still
//   retry(after)  listens in so many milliseconds
const live = (() => {
  "use strict";
  const RETRY_MILLISECONDS = 3000;
  const PATIENCE_MILLISECONDS = 2000;

  return ({ path, hear, show, wanted = () => true }) => {
    let stream = null;
    let again = 0;
    let alarm = 0;
    const isUp = (up) => {
      clearTimeout(alarm);
      // What comes back at once is not worth a word.
      alarm = up ? 0 : setTimeout(() => show(false), PATIENCE_MILLISECONDS);
      if (up) show(true);
    };
    const retry = (after = RETRY_MILLISECONDS) => {
      again = setTimeout(listen, after);
    };
    const listen = () => {
      clearTimeout(again);
      if (stream || document.hidden || !wanted()) return;
      stream = new EventSource(path);
      stream.onopen = () => isUp(true);
      stream.onmessage = (event) => hear(JSON.parse(event.data));
      stream.onerror = () => {
        if (!alarm) isUp(false);
        if (stream && stream.readyState === EventSource.CLOSED) {
          stream = null;
          retry();
        }
      };
    };
    const leave = () => {
      clearTimeout(again);
      clearTimeout(alarm);
      alarm = 0;
      if (stream) stream.close();
      stream = null;
    };
    // A browser has few connections to one server, and pages that nobody looks at need none.
    document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
    addEventListener("pagehide", leave);
    // Whoever comes back by the back button sees the page as they left it, and then as things stand.
    addEventListener("pageshow", listen);
    return { listen, leave, retry };
  };
})();
