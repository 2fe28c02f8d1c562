/** What a snippet is about. */
export interface SnippetSubject {
  readonly app: { readonly id: string; readonly key: string };
  /** Where clients and publishers find the server. `path` is '' or begins with a slash. */
  readonly server: {
    readonly scheme: 'http' | 'https';
    readonly host: string;
    readonly port: number;
    readonly path: string;
  };
  readonly channel: string;
  readonly event: string;
  /** Where what is published can be seen: "on this page". */
  readonly appears: string;
}

export interface Snippet {
  id: 'pusher-js' | 'echo' | 'node' | 'php' | 'ruby' | 'python' | 'go' | 'curl';
  label: string;
  /** One line on what this is for. */
  about: string;
  files: readonly { name: string; code: string }[];
}

/**
 * What to write to reach this server, by library. The secret is an argument
 * of its own, so that the page can show dots in its place.
 */
export function snippets(subject: SnippetSubject, secret: string): Snippet[] {
  const { app, server, channel, event, appears } = subject;
  const tls = server.scheme === 'https';
  const origin = `${server.scheme}://${server.host}:${server.port}${server.path}`;
  const subscribe = 'Subscribes in the browser. Publish with the curl line and watch the console.';
  const publish = `Publishes to ${channel}. Run it, and the line appears ${appears}.`;
  const noPath =
    server.path === ''
      ? publish
      : `This library cannot reach a server behind a path prefix (${server.path}): give the server a host name of its own.`;
  const laravelPath =
    server.path && ` The pusher options in config/broadcasting.php need 'path' => '${server.path}', too.`;
  const message = (language: string) => `Hello from ${language}`;

  return [
    {
      id: 'pusher-js',
      label: 'pusher-js',
      about: subscribe,
      files: [
        {
          name: 'index.html',
          code: `<script src="${origin}/client/pusher.min.js"></script>
<script>
  const pusher = new Pusher('${app.key}', {
    cluster: 'earshot',
    wsHost: '${server.host}',
    wsPort: ${server.port},
    wssPort: ${server.port},${server.path && `\n    wsPath: '${server.path}',`}
    httpHost: '${server.host}',
    httpPort: ${server.port},
    httpsPort: ${server.port},${server.path && `\n    httpPath: '${server.path}/pusher',`}
    forceTLS: ${tls},
    enabledTransports: ['ws', 'wss', 'xhr_streaming', 'xhr_polling'],
  });

  pusher.subscribe('${channel}').bind('${event}', (data) => {
    console.log(data.message);
  });
</script>`,
        },
      ],
    },
    {
      id: 'echo',
      label: 'Laravel Echo',
      about: `Laravel publishes as it is; Echo subscribes in the browser.${laravelPath}`,
      files: [
        {
          name: '.env',
          code: `BROADCAST_CONNECTION=pusher
PUSHER_APP_ID=${app.id}
PUSHER_APP_KEY=${app.key}
PUSHER_APP_SECRET=${env(secret)}
PUSHER_HOST=${server.host}
PUSHER_PORT=${server.port}
PUSHER_SCHEME=${server.scheme}
PUSHER_APP_CLUSTER=earshot`,
        },
        {
          name: 'resources/js/echo.js',
          code: `import Echo from 'laravel-echo';
import Pusher from 'pusher-js';

window.Pusher = Pusher;
window.Echo = new Echo({
  broadcaster: 'pusher',
  key: '${app.key}',
  cluster: 'earshot',
  wsHost: '${server.host}',
  wsPort: ${server.port},
  wssPort: ${server.port},${server.path && `\n  wsPath: '${server.path}',`}
  httpHost: '${server.host}',
  httpPort: ${server.port},
  httpsPort: ${server.port},${server.path && `\n  httpPath: '${server.path}/pusher',`}
  forceTLS: ${tls},
  enabledTransports: ['ws', 'wss', 'xhr_streaming', 'xhr_polling'],
});

window.Echo.channel('${channel}').listen('.${event}', (data) => {
  console.log(data.message);
});`,
        },
      ],
    },
    {
      id: 'node',
      label: 'Node',
      about: noPath,
      files: [
        {
          name: 'npm install pusher',
          code: `import Pusher from 'pusher';

const pusher = new Pusher({
  appId: '${app.id}',
  key: '${app.key}',
  secret: ${single(secret)},
  host: '${server.host}',
  port: '${server.port}',
  useTLS: ${tls},
});

await pusher.trigger('${channel}', '${event}', { message: '${message('Node')}' });`,
        },
      ],
    },
    {
      id: 'php',
      label: 'PHP',
      about: publish,
      files: [
        {
          name: 'composer require pusher/pusher-php-server',
          code: `<?php
require 'vendor/autoload.php';

$pusher = new Pusher\\Pusher('${app.key}', ${single(secret)}, '${app.id}', [
    'host' => '${server.host}',
    'port' => ${server.port},
    'scheme' => '${server.scheme}',${server.path && `\n    'path' => '${server.path}',`}
]);

$pusher->trigger('${channel}', '${event}', ['message' => '${message('PHP')}']);`,
        },
      ],
    },
    {
      id: 'ruby',
      label: 'Ruby',
      about: noPath,
      files: [
        {
          name: 'gem install pusher',
          code: `require 'pusher'

pusher = Pusher::Client.new(
  app_id: '${app.id}',
  key: '${app.key}',
  secret: ${single(secret)},
  host: '${server.host}',
  port: ${server.port},
  scheme: '${server.scheme}'
)

pusher.trigger('${channel}', '${event}', { message: '${message('Ruby')}' })`,
        },
      ],
    },
    {
      id: 'python',
      label: 'Python',
      about: noPath,
      files: [
        {
          name: 'pip install pusher',
          code: `import pusher

client = pusher.Pusher(
    app_id='${app.id}',
    key='${app.key}',
    secret=${single(secret)},
    host='${server.host}',
    port=${server.port},
    ssl=${tls ? 'True' : 'False'},
)

client.trigger('${channel}', '${event}', {'message': '${message('Python')}'})`,
        },
      ],
    },
    {
      id: 'go',
      label: 'Go',
      about: noPath,
      files: [
        {
          name: 'go get github.com/pusher/pusher-http-go/v5',
          code: `package main

import "github.com/pusher/pusher-http-go/v5"

func main() {
	client := pusher.Client{
		AppID:  "${app.id}",
		Key:    "${app.key}",
		Secret: ${double(secret)},
		Host:   "${server.host}:${server.port}",
		Secure: ${tls},
	}

	data := map[string]string{"message": "${message('Go')}"}
	if err := client.Trigger("${channel}", "${event}", data); err != nil {
		panic(err)
	}
}`,
        },
      ],
    },
  ];
}

/** As a string in single quotes, as JavaScript, PHP, Ruby and Python read it. */
function single(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** As a string in double quotes, as Go reads it. */
function double(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** As a value of an .env file. */
function env(text: string): string {
  return /^[\w•-]*$/.test(text) ? text : `"${text.replace(/[\\"$]/g, '\\$&')}"`;
}
