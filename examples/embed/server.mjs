/**
 * A small site with a chat on every page. It is a site like any other: another origin than the chat's, a strict
 * Content-Security-Policy with Trusted Types, shortcuts of a single key, and style sheets that say !important.
 */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const users = {
  ada: { id: 'ada', name: 'Ada Lovelace', contacts: ['ben'] },
  ben: { id: 'ben', name: 'Ben Franklin', contacts: ['ada'] },
};

/**
 * @param {object} options
 * @param {string} options.chat address of the Earshot server
 * @param {string} options.appId the app's id, key and chat secret (not the app's secret)
 * @param {string} options.appKey
 * @param {string} options.chatSecret
 * @param {number} [options.port] 0: any free one
 * @param {boolean} [options.worker] the site has a service worker, which imports the chat's: push
 * @param {Record<string, string>} [options.attributes] more attributes for the script tag
 */
export function createSite({ chat, appId, appKey, chatSecret, port = 0, worker = true, attributes = {} }) {
  // Who the visitor is, said to the chat: these three lines are all that a server needs.
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const sign = (text) => createHmac('sha256', chatSecret).update(text).digest('base64url');
  const tokenFor = ({ id, name, contacts }) => {
    const claims = { aud: appId, sub: id, name, contacts, exp: Math.floor(Date.now() / 1000) + 3600 };
    const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${unsigned}.${sign(unsigned)}`;
  };

  const chatOrigin = new URL(chat).origin;
  const policy = [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "style-src 'self'",
    `script-src 'self' ${chatOrigin}`,
    `connect-src 'self' ${chatOrigin} ${chatOrigin.replace('http', 'ws')}`,
    `img-src 'self' blob: ${chatOrigin}`,
    `frame-src ${chatOrigin}`,
    "require-trusted-types-for 'script'",
    worker ? "worker-src 'self'; trusted-types earshot-worker" : "trusted-types 'none'",
  ].join('; ');

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://site');
    const visitor = users[/(?:^|; )visitor=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''];
    const answer = (status, type, body, headers = {}) =>
      response
        .writeHead(status, { 'Content-Type': type, 'Content-Security-Policy': policy, ...headers })
        .end(body);

    if (url.pathname === '/sign-in') {
      const cookie = `visitor=${url.searchParams.get('as') ?? ''}; HttpOnly; SameSite=Lax; Path=/`;
      return answer(303, 'text/plain', '', { Location: '/', 'Set-Cookie': cookie });
    }
    if (url.pathname === '/chat-token') {
      return answer(200, 'text/plain', visitor ? tokenFor(visitor) : '', { 'Cache-Control': 'no-store' });
    }
    if (url.pathname === '/earshot-worker.js') {
      const code = `importScripts(${JSON.stringify(`${chat}/chat/worker.js`)});\n`;
      return answer(200, 'text/javascript', code, {
        'Content-Security-Policy': `script-src 'self' ${chatOrigin}; connect-src ${chatOrigin}`,
      });
    }
    if (url.pathname === '/site.css') return answer(200, 'text/css', await file('site.css'));
    if (url.pathname === '/site.js') return answer(200, 'text/javascript', await file('site.js'));
    if (url.pathname === '/favicon.ico') return answer(204, 'image/x-icon', '');
    if (url.pathname !== '/' && url.pathname !== '/second') return answer(404, 'text/plain', 'Not found\n');

    const all = {
      'data-app': appKey,
      'data-room': 'lobby',
      ...(visitor ? { 'data-user-url': '/chat-token' } : {}),
      ...(worker ? { 'data-worker': '/earshot-worker.js' } : {}),
      ...attributes,
    };
    const data = Object.entries(all).map(([name, value]) => `${name}="${value}"`);
    const page = (await file('page.html'))
      .replace('{visitor}', visitor?.name ?? 'nobody')
      .replace('{script}', `<script async src="${chat}/widget.js" ${data.join(' ')}></script>`);
    answer(200, 'text/html; charset=utf-8', page);
  });

  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      const address = `http://127.0.0.1:${server.address().port}`;
      resolve({
        address,
        stop: () => {
          server.closeAllConnections();
          return new Promise((done) => server.close(done));
        },
      });
    });
  });
}

const file = (name) => readFile(join(import.meta.dirname, name), 'utf8');
