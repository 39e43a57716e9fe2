// Show the payload in the page, in the reader's theme; on paper in the light one. Comes after the player's modules.

const place = document.querySelector(".timeline");
const text = document.querySelector(".payload");

if (place && text) {
  const data = Uint8Array.from(atob(text.textContent.trim()), (one) => one.charCodeAt(0));
  const show = () => mount({ data, parentElement: place, setStateValue() {} });
  const paper = (printing) => {
    document.documentElement.classList.toggle("printing", printing);
    show();
    // What is printed is what is on the canvas now: there is no next frame.
    players.get(place).draw();
  };
  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
}
