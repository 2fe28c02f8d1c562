import { createRoute, z } from '@hono/zod-openapi';
import { chatRouter } from '../api/api.ts';
import { type Attachment, isId } from '../contract/index.ts';
import { refuse } from '../refusal.ts';
import type { Files } from './files.ts';
import { disposition } from './name.ts';

const idParam = (name: string) => z.object({ id: z.string().refine(isId, `Expected the id of a ${name}.`) });

const uploadRoute = createRoute({
  method: 'post',
  path: '/conversations/{id}/files',
  summary: 'Uploads a file for a message',
  description:
    'The body is the file. `X-File-Name` holds its name, percent-encoded. What it is, is judged by its content. Pictures are encoded anew, upright, as WebP; of moving ones the first frame stays.',
  request: {
    params: idParam('conversation'),
    headers: z.object({ 'x-file-name': z.string().max(1_000).optional() }),
  },
  responses: {
    201: {
      description: 'The file, which waits an hour for a message',
      content: { 'application/json': { schema: z.custom<Attachment>().openapi({ type: 'object' }) } },
    },
  },
});

const fileRoute = createRoute({
  method: 'get',
  path: '/files/{id}',
  summary: 'A file, by the address that its message gave',
  request: {
    params: idParam('file'),
    query: z.object({
      app: z.string().max(200),
      of: z.enum(['file', 'preview']),
      until: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
      signature: z.string().max(100),
    }),
  },
  responses: { 200: { description: 'The file' }, 304: { description: 'It has not changed' } },
});

/** The routes of files. `GET /files/{id}` is open to whoever has a signed address; the other one needs a caller. */
export function fileRoutes(files: Files) {
  return chatRouter()
    .openapi(uploadRoute, async (c) => {
      const announced = c.req.header('Content-Length');
      const attachment = await files.upload(c.get('caller'), c.req.valid('param').id, {
        name: c.req.header('X-File-Name'),
        body: c.req.raw.body,
        length: announced === undefined ? null : Number(announced) || 0,
      });
      return c.json(attachment, 201);
    })
    .openapi(fileRoute, async (c) => {
      const { app, of, until, signature } = c.req.valid('query');
      const address = { app, variant: of, expires: until, signature };
      const file = await files.serve(c.req.valid('param').id, address);
      if (file === undefined) refuse('not_found');
      const headers = {
        'Content-Type': file.type,
        'Content-Disposition': disposition(file.kind === 'image' ? 'inline' : 'attachment', file.name),
        'X-Content-Type-Options': 'nosniff',
        'Content-Security-Policy': "sandbox; default-src 'none'",
        'Cross-Origin-Resource-Policy': 'cross-origin',
        'Referrer-Policy': 'no-referrer',
        'Cache-Control': `private, max-age=${file.validSeconds}, immutable`,
        ETag: file.etag,
      };
      if (c.req.header('If-None-Match') === file.etag) return new Response(null, { status: 304, headers });
      return new Response(file.body, {
        headers: { ...headers, 'Content-Length': `${file.body.size}` },
      });
    });
}
