import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locate } from '../../scripts/tools.ts';
import { type Program, startProgram } from './program.ts';
import type { ProxyOptions } from './proxy.ts';

/** nginx's path, or undefined where there is none. */
export const nginxPath = locate('nginx');

/** nginx as a reverse proxy, in one process that needs no rights. */
export function startNginx({
  folder,
  upstreamPort,
  idleSeconds,
  certificate,
  blocksWebSockets,
}: ProxyOptions): Promise<Program> {
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return startProgram(async (port) => {
    await writeFile(
      file,
      `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port} ${certificate === undefined ? '' : 'ssl'};
    ${certificate === undefined ? '' : `ssl_certificate ${certificate.certFile}; ssl_certificate_key ${certificate.keyFile};`}
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_http_version 1.1;
      ${
        blocksWebSockets
          ? 'proxy_set_header Upgrade ""; proxy_set_header Connection "";'
          : 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;'
      }
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_read_timeout ${idleSeconds}s;
      proxy_send_timeout ${idleSeconds}s;
    }
  }
}
`,
    );
    return [nginxPath ?? 'nginx', '-p', folder, '-e', 'stderr', '-c', file];
  });
}
