/**
 * The widget's element and its launcher. What is said of `:host` is important, because that is how it wins over a host
 * page's important rules for all elements; nothing of the page reaches further in than that element.
 */
export const launcherStyle = `
:host{all:initial!important;display:block!important;position:fixed!important;inset:auto!important;z-index:2147483000!important;inline-size:0!important;block-size:0!important}
:host([hidden]){display:none!important}
.launch{--a:var(--earshot-accent,#4a3fd1);position:fixed;inset-block-end:calc(20px + env(safe-area-inset-bottom));inset-inline-end:20px;box-sizing:border-box;inline-size:56px;block-size:56px;padding:0;border:1px solid #0000;border-radius:50%;background:var(--a);color:#fff;color:lch(from var(--a) calc((49.44 - l)*1000) 0 0);box-shadow:0 1px 2px #1a18161a,0 8px 24px -6px #1a181666;display:grid;place-items:center;cursor:pointer;transition:transform 120ms cubic-bezier(.2,.7,.2,1)}
.launch[data-position=start]{inset-inline:20px auto}
.launch:hover{transform:scale(1.05)}
.launch:active{transform:scale(.97)}
.launch:focus-visible{outline:3px solid var(--a);outline-offset:3px}
.launch svg{inline-size:26px;block-size:26px;fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.launch .shut,.launch[aria-expanded=true] .chat{display:none}
.launch[aria-expanded=true] .shut{display:block}
.launch[aria-busy=true] svg{animation:wait 1s ease-in-out 300ms infinite alternate}
@keyframes wait{to{opacity:.35}}
.count{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;box-sizing:border-box;min-inline-size:22px;block-size:22px;padding-inline:6px;border:2px solid #fff;border-radius:11px;background:#b3261e;color:#fff;font:600 12px/18px system-ui,sans-serif;font-variant-numeric:tabular-nums;text-align:center}
.count:empty{display:none}
.failed{position:fixed;inset-block-end:calc(88px + env(safe-area-inset-bottom));inset-inline-end:20px;box-sizing:border-box;max-inline-size:min(320px,100vw - 40px);padding:12px 16px;border:1px solid #e4e0d9;border-radius:14px;background:#fff;color:#1a1816;box-shadow:0 12px 32px -12px #1a181666;font:400 14px/1.5 system-ui,sans-serif}
.failed[data-position=start]{inset-inline:20px auto}
.failed p{margin:0 0 8px}
.failed button{min-block-size:36px;padding:4px 12px;border:1px solid #8f8980;border-radius:7px;background:#fff;color:inherit;font:600 14px/1.25 system-ui,sans-serif;cursor:pointer}
@media(prefers-color-scheme:dark){.launch{--a:var(--earshot-accent,#a9a1ff)}.failed,.failed button{background:#252321;color:#f3f0eb;border-color:#777169}.count{border-color:#131211}}
@media(prefers-reduced-motion:reduce){.launch,.launch svg{transition:none;animation:none!important}}
@media(forced-colors:active){.launch,.count{border-color:ButtonText}}
@media print{:host{display:none!important}}
`;
