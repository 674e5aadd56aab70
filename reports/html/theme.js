// The reader's choice of light or dark, kept where the browser keeps such things.
function themeButton() {
  const button = byId("theme");
  const word = button.querySelector("span");
  const show = () => { word.textContent = root.dataset.theme ?? "auto"; };
  const root = document.documentElement;
  button.addEventListener("click", () => {
    const next = {undefined: "light", light: "dark", dark: undefined}[root.dataset.theme];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    try {
      if (next) localStorage.setItem("faultrun-theme", next);
      else localStorage.removeItem("faultrun-theme");
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    show();
  });
  show();
}
