// Says which language the page is in, which fonts and screen readers go by; this script's own tag names it.
document.documentElement.lang = document.currentScript.dataset.language;
