import type { Snippet, SnippetSubject } from '@earshot/ui';

/** What `snippets()` gives for a library, for a shell: signs a publish itself, so that it does not age as a signed line does. */
export function shellSnippet(subject: SnippetSubject, secret: string): Snippet {
  const { app, server, channel, event, appears } = subject;
  // The signature is over the path without the prefix that a proxy or EARSHOT_PATH puts in front.
  const path = `/apps/${app.id}/events`;
  const origin = `${server.scheme}://${server.host}:${server.port}${server.path}`;
  const body = JSON.stringify({
    name: event,
    channel,
    data: JSON.stringify({ message: 'Hello from curl' }),
  });
  return {
    id: 'curl',
    label: 'curl',
    about: `Signs a publish to ${channel} and sends it, with curl and openssl. Paste it, and the line appears ${appears}.`,
    files: [
      {
        name: 'Shell',
        code: `key=${quoted(app.key)}
secret=${quoted(secret)}
body=${quoted(body)}
md5=$(printf %s "$body" | openssl dgst -md5 -r | cut -c1-32)
query="auth_key=$key&auth_timestamp=$(date +%s)&auth_version=1.0&body_md5=$md5"
signature=$(printf 'POST\\n%s\\n%s' ${quoted(path)} "$query" | openssl dgst -sha256 -hmac "$secret" -r | cut -c1-64)
curl ${quoted(origin + path)}"?$query&auth_signature=$signature" \\
  -H 'Content-Type: application/json' -d "$body"`,
      },
    ],
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
