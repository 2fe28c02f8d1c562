import { createRoute, z } from '@hono/zod-openapi';
import { chatRouter } from '../api/api.ts';
import {
  type Contact,
  type Conversation,
  type ImportJob,
  type Invitation,
  isId,
  type Person,
  type State,
} from '../contract/index.ts';
import type { PeopleService } from './people.ts';

const json = <T>(description: string) => ({
  description,
  content: { 'application/json': { schema: z.custom<T>().openapi({ type: 'object' }) } },
});
const personParam = {
  params: z.object({ person: z.string().refine(isId, 'Expected the id of a person.') }),
};
const invitationParam = {
  params: z.object({ id: z.string().refine(isId, 'Expected the id of an invitation.') }),
};
const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

const stateRoute = createRoute({
  method: 'get',
  path: '/state',
  summary: 'Everything that a client needs, after it has subscribed to its inbox',
  responses: { 200: json<State>('Contacts, blocks, invitations, conversations and imports') },
});

const contactsRoute = createRoute({
  method: 'get',
  path: '/contacts',
  summary: 'My contacts',
  responses: { 200: json<{ contacts: Contact[] }>('Everybody in my list, and who of them is online') },
});
const removeContactRoute = createRoute({
  method: 'delete',
  path: '/contacts/{person}',
  summary: 'Takes a person off my list',
  description:
    'They do not see my presence any more. A contact that both agreed to goes from both lists. It stays off, whatever the host or ' +
    'an import says, until we talk by an invitation again.',
  request: personParam,
  responses: { 204: { description: 'They are not on my list' } },
});

const blocksRoute = createRoute({
  method: 'get',
  path: '/blocks',
  summary: 'Whom I have blocked',
  responses: { 200: json<{ blocked: Person[] }>('The newest first') },
});
const blockRoute = createRoute({
  method: 'put',
  path: '/blocks/{person}',
  summary: 'Blocks a person, in both directions and silently',
  request: personParam,
  responses: { 204: { description: 'They are blocked' } },
});
const unblockRoute = createRoute({
  method: 'delete',
  path: '/blocks/{person}',
  summary: 'Ends a block',
  request: personParam,
  responses: { 204: { description: 'They are not blocked' } },
});

const askRoute = createRoute({
  method: 'post',
  path: '/invitations',
  summary: 'Asks for a one-to-one conversation, or opens it where that may be',
  description:
    'Asking twice is asking once; if the other one is asking, too, this is the answer. An invitation that reaches nobody looks ' +
    'like one that nobody answers.',
  request: body(z.object({ to: z.string().max(100) })),
  responses: {
    200: json<{ invitation: Invitation | null; conversation: Conversation | null }>(
      'The invitation, the conversation, or (when both asked) both',
    ),
  },
});
const answerRoute = <const Act extends 'accept' | 'decline' | 'cancel'>(act: Act, summary: string) =>
  createRoute({
    method: 'post',
    path: `/invitations/{id}/${act}` as const,
    summary,
    description: 'Whoever answers second is told how things stand: look at `state`.',
    request: invitationParam,
    responses: { 200: json<{ invitation: Invitation }>('The invitation, as it is now') },
  });

const importRoute = createRoute({
  method: 'post',
  path: '/imports',
  summary: 'Imports whom I follow at a provider, in the background',
  description:
    'Begun by nobody but the person themselves. Whoever has not signed in here is kept as a hash until they do.',
  request: body(z.object({ provider: z.string().max(40) })),
  responses: { 200: json<ImportJob>('The import, or the one that goes on already') },
});
const importsRoute = createRoute({
  method: 'get',
  path: '/imports',
  summary: 'My imports',
  responses: { 200: json<{ imports: ImportJob[] }>('The newest of each provider') },
});

/** Contacts, blocks, invitations, imports and the state. */
export function peopleRoutes(people: PeopleService) {
  const { contacts, blocks, invitations, imports } = people;
  return chatRouter()
    .openapi(stateRoute, async (c) => c.json(await people.state(c.get('caller')), 200))
    .openapi(contactsRoute, async (c) => {
      const { app, user } = c.get('caller');
      return c.json({ contacts: await contacts.of(app.id, user) }, 200);
    })
    .openapi(removeContactRoute, async (c) => {
      await contacts.remove(c.get('caller'), c.req.valid('param').person);
      return c.body(null, 204);
    })
    .openapi(blocksRoute, async (c) => {
      const { app, user } = c.get('caller');
      return c.json({ blocked: await blocks.of(app.id, user) }, 200);
    })
    .openapi(blockRoute, async (c) => {
      await blocks.block(c.get('caller'), c.req.valid('param').person);
      return c.body(null, 204);
    })
    .openapi(unblockRoute, async (c) => {
      await blocks.unblock(c.get('caller'), c.req.valid('param').person);
      return c.body(null, 204);
    })
    .openapi(askRoute, async (c) => {
      return c.json(await invitations.ask(c.get('caller'), c.req.valid('json').to), 200);
    })
    .openapi(answerRoute('accept', 'Accepts an invitation to me'), async (c) => {
      return c.json({ invitation: await invitations.accept(c.get('caller'), c.req.valid('param').id) }, 200);
    })
    .openapi(answerRoute('decline', 'Declines an invitation to me'), async (c) => {
      return c.json({ invitation: await invitations.decline(c.get('caller'), c.req.valid('param').id) }, 200);
    })
    .openapi(answerRoute('cancel', 'Takes my invitation back'), async (c) => {
      return c.json({ invitation: await invitations.cancel(c.get('caller'), c.req.valid('param').id) }, 200);
    })
    .openapi(importRoute, async (c) => {
      return c.json(await imports.begin(c.get('caller'), c.req.valid('json').provider), 200);
    })
    .openapi(importsRoute, async (c) => {
      const { app, user } = c.get('caller');
      return c.json({ imports: await imports.of(app.id, user) }, 200);
    });
}
