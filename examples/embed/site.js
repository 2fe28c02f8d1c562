// The site's own code: shortcuts, and links that change the page without loading it anew.
let used = 0;

const shortcut = (key) => {
  used++;
  document.getElementById('shortcuts').textContent = `${used}`;
  document.body.dataset.lastShortcut = key;
};

// As most sites do it: on the document, ignoring fields of their own.
document.addEventListener('keydown', (event) => {
  if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
  if (['j', 'k', 's', '/'].includes(event.key) && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    shortcut(event.key);
  }
});

// As some do it: first of all. Against these there is data-mode="iframe".
if (new URLSearchParams(location.search).has('capture')) {
  window.addEventListener(
    'keydown',
    (event) => {
      if (!['j', 'k', 's', '/'].includes(event.key)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      shortcut(event.key);
    },
    true,
  );
}

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[data-soft]') : null;
  if (link === null) return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  // The whole body is replaced, as Turbo and Astro do it.
  const body = document.createElement('body');
  for (const child of [...document.body.children]) if (child.matches('header, main')) body.append(child);
  body.querySelector('h1').textContent =
    link.pathname === '/' ? 'Ferries sail again after a week of fog' : 'The archive';
  document.body.replaceWith(body);
});

// A button of the site's own can open the chat, also before the chat has loaded.
window.Earshot ||= (...call) => {
  window.Earshot.q ||= [];
  window.Earshot.q.push(call);
};
document.addEventListener('click', (event) => {
  if (event.target instanceof Element && event.target.id === 'own-button') window.Earshot('open');
});
window.Earshot('on', 'unread', (count) => {
  document.body.dataset.unread = `${count}`;
});
