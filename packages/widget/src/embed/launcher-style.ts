/**
 * The widget's element and its launcher. What is said of `:host` is important, because that is how it wins over a host
 * page's important rules for all elements; nothing of the page reaches further in than that element.
 */
export const launcherStyle =
  // The element itself takes no room and moves nothing.
  ':host{all:initial!important;display:block!important;position:fixed!important;inset:auto!important;z-index:2147483000!important;inline-size:0!important;block-size:0!important;color-scheme:light dark}' +
  '.launch,.failed{position:fixed;inset-block-end:calc(20px + env(safe-area-inset-bottom));inset-inline-end:20px;box-sizing:border-box;box-shadow:0 8px 24px -6px #1a181666;font:400 14px/1.5 system-ui,sans-serif}' +
  '[data-position=start]{inset-inline:20px auto}' +
  '.launch{--a:var(--earshot-accent,light-dark(#4a3fd1,#a9a1ff));inline-size:56px;block-size:56px;padding:0;border:1px solid #0000;border-radius:50%;background:var(--a);color:#fff;color:lch(from var(--a) calc((49.44 - l)*1000) 0 0);display:grid;place-items:center;cursor:pointer;transition:transform .12s}' +
  '.launch:hover{transform:scale(1.05)}' +
  '.launch:focus-visible{outline:3px solid var(--a);outline-offset:3px}' +
  '.launch>svg{inline-size:26px;fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}' +
  '.launch>.shut,.launch[aria-expanded=true]>.chat{display:none}' +
  '.launch[aria-expanded=true]>.shut{display:block}' +
  '.launch[aria-busy=true]>svg{animation:wait 1s .3s infinite alternate}' +
  '@keyframes wait{to{opacity:.35}}' +
  '.count{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;box-sizing:border-box;min-inline-size:22px;padding-inline:5px;border:2px solid Canvas;border-radius:11px;background:#b3261e;color:#fff;font:600 12px/18px system-ui,sans-serif}' +
  '.count:empty{display:none}' +
  '.failed{inset-block-end:calc(88px + env(safe-area-inset-bottom));max-inline-size:min(320px,100vw - 40px);padding:12px 16px;border-radius:14px;background:Canvas;color:CanvasText}' +
  '.failed>p{margin:0 0 8px}' +
  '.failed>button{min-block-size:36px;padding-inline:12px;font:inherit}' +
  '@media(prefers-reduced-motion:reduce){.launch,.launch>svg{transition:none;animation:none!important}}' +
  '@media print{:host{display:none!important}}';
