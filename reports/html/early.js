// Before anything is painted: scripts work, and the reader's theme is known.
const root = document.documentElement;
root.classList.replace("plain", "scripted");
try {
  const theme = localStorage.getItem("faultrun-theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
} catch {
  // A file opened without storage keeps the system's theme.
}
