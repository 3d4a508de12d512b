/* Wide tables scroll by keyboard, too: the theme's frames around them take the focus. */
window.addEventListener("load", () => {
  for (const frame of document.querySelectorAll(".md-typeset__scrollwrap")) {
    frame.tabIndex = 0;
  }
});
