// A desktop whose language is "C" gives the page a language that is none, and whoever makes a number format of it as soon as it
// is loaded, as the charts do, takes the page down. So this comes first.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}
