const { server, key, channel: channelName } = document.getElementById('todo').dataset;
const { hostname, port, protocol } = new URL(server);
const tls = protocol === 'https:';
const list = document.getElementById('items');
const state = document.getElementById('state');

/** What is shown, by id; `change` is the number of the newest change that counts in it. */
const items = new Map();
const removed = new Set();

const pusher = new Pusher(key, {
  cluster: '',
  wsHost: hostname,
  wsPort: port || 80,
  wssPort: port || 443,
  forceTLS: tls,
  enableStats: false,
  enabledTransports: ['ws', 'wss'],
});
pusher.connection.bind('state_change', ({ current }) => {
  state.textContent =
    current === 'connected' ? 'Everybody sees changes at once.' : 'Not connected. Trying again…';
});

const channel = pusher.subscribe(channelName);
channel.bind('todo', take);
// First heard, then asked: what changes in between is not missed. Also after each loss of the connection.
channel.bind('pusher:subscription_succeeded', async () => {
  const answer = await fetch('/items', { cache: 'no-store' });
  const known = await answer.json();
  const there = new Set(known.items.map(({ id }) => id));
  for (const { id, change } of [...items.values()])
    if (!there.has(id) && change <= known.change) items.delete(id);
  for (const item of known.items) take({ changed: item });
  draw();
});

function take({ changed, removed: gone }) {
  if (gone !== undefined) {
    removed.add(gone);
    items.delete(gone);
  } else if (!removed.has(changed.id) && (items.get(changed.id)?.change ?? 0) < changed.change) {
    items.set(changed.id, changed);
  }
  draw();
}

async function act(name, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`/items/${name}`, { method: 'POST', headers, body: JSON.stringify(body) }).catch(
    () => null,
  );
  if (answer?.ok) take(await answer.json());
  else state.textContent = 'That was not saved. Try again.';
  return answer?.ok === true;
}

function draw() {
  document.getElementById('none').hidden = items.size > 0;
  const shown = new Map([...list.children].map((node) => [node.dataset.id, node]));
  for (const [id, node] of shown) if (!items.has(id)) node.remove();
  for (const { id, text, done } of items.values()) {
    const node = shown.get(id) ?? list.appendChild(row(id));
    node.querySelector('span').textContent = text;
    node.querySelector('input').checked = done;
    node.querySelector('button').setAttribute('aria-label', `Remove ${text}`);
  }
}

function row(id) {
  const node = document.createElement('li');
  node.dataset.id = id;
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.addEventListener('change', () => act('tick', { id, done: box.checked }));
  label.append(box, document.createElement('span'));
  const remove = document.createElement('button');
  remove.type = 'button';
  remove.textContent = '×';
  remove.addEventListener('click', () => act('remove', { id }));
  node.append(label, remove);
  return node;
}

document.getElementById('add').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = document.getElementById('text');
  if (await act('add', { text: field.value })) field.value = '';
});
