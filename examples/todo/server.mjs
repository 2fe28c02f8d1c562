/**
 * A to-do list that everybody who has it open shares. The list is this server's; Earshot tells the others of each change, on
 * a plain channel. No chat is needed for it.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import Pusher from 'pusher';

const channel = 'todo';
const textMax = 200;
const itemsMax = 500;

/**
 * @param {object} options
 * @param {string} options.chat address of the Earshot server
 * @param {string} options.appId
 * @param {string} options.appKey
 * @param {string} options.appSecret
 * @param {number} [options.port] 0: any free one
 */
export function createSite({ chat, appId, appKey, appSecret, port = 0 }) {
  const { hostname, port: chatPort, protocol, origin } = new URL(chat);
  const useTLS = protocol === 'https:';
  const earshot = new Pusher({
    appId,
    key: appKey,
    secret: appSecret,
    host: hostname,
    port: chatPort || (useTLS ? '443' : '80'),
    useTLS,
  });

  /** @type {Map<string, { id: string, text: string, done: boolean, change: number }>} */
  const items = new Map();
  let change = 0;

  // The number of the change lets a browser see which of two things that it hears is newer.
  const store = (item) => {
    const stored = { ...item, change: ++change };
    items.set(stored.id, stored);
    return stored;
  };
  const acts = {
    add: ({ text }) => {
      const clean = typeof text === 'string' ? text.trim().slice(0, textMax) : '';
      if (clean === '' || items.size >= itemsMax) return null;
      return { changed: store({ id: randomUUID(), text: clean, done: false }) };
    },
    tick: ({ id, done }) => {
      const item = items.get(id);
      return item === undefined || typeof done !== 'boolean' ? null : { changed: store({ ...item, done }) };
    },
    remove: ({ id }) => (items.delete(id) ? { removed: id, change: ++change } : null),
  };

  const policy = `default-src 'none'; script-src 'self' ${origin}; style-src 'self'; img-src 'self'; connect-src 'self' ${origin} ${origin.replace('http', 'ws')}; base-uri 'none'; form-action 'self'`;
  const server = createServer(async (request, response) => {
    const answer = (status, type, body) =>
      response.writeHead(status, { 'Content-Type': type, 'Content-Security-Policy': policy }).end(body);
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    try {
      if (request.method === 'GET' && pathname === '/items') {
        return answer(200, 'application/json', JSON.stringify({ items: [...items.values()], change }));
      }
      if (request.method === 'POST' && pathname.startsWith('/items/')) {
        // Forms of other sites cannot send this type.
        if (request.headers['content-type'] !== 'application/json')
          return answer(415, 'text/plain', 'JSON, please\n');
        const act = pathname.slice('/items/'.length);
        const told = Object.hasOwn(acts, act) ? acts[act](await bodyOf(request)) : null;
        if (told === null) return answer(400, 'text/plain', 'That does not work\n');
        await earshot.trigger(channel, 'todo', told);
        return answer(200, 'application/json', JSON.stringify(told));
      }
      if (pathname === '/todo.js') return answer(200, 'text/javascript', await file('todo.js'));
      if (pathname === '/todo.css') return answer(200, 'text/css', await file('todo.css'));
      if (pathname === '/favicon.ico') return answer(204, 'image/x-icon', '');
      if (pathname !== '/') return answer(404, 'text/plain', 'Not found\n');
      const page = (await file('page.html'))
        .replaceAll('{chat}', chat)
        .replace('{key}', appKey)
        .replace('{channel}', channel);
      return answer(200, 'text/html; charset=utf-8', page);
    } catch (error) {
      console.error(error);
      return answer(500, 'text/plain', 'Something failed here\n');
    }
  });

  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({
        address: `http://127.0.0.1:${server.address().port}`,
        stop: () => {
          server.closeAllConnections();
          return new Promise((done) => server.close(done));
        },
      });
    });
  });
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 10_000) throw new Error('too long');
  }
  const body = JSON.parse(text);
  return typeof body === 'object' && body !== null ? body : {};
}

const file = (name) => readFile(join(import.meta.dirname, name), 'utf8');
