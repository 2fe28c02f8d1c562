import type { PictureSiblings } from '@earshot/chat';
import { z } from '@hono/zod-openapi';
import type { Nodes } from '../cluster/nodes.ts';

const about = 'live-picture';
const questionShape = z.object({ room: z.string(), id: z.string() });

/**
 * The other nodes as siblings of this one: pictures of live rooms are in the memory of the node that took them, which is
 * asked for on the bus. They are sealed, and kept nowhere on the way.
 */
export function pictureSiblings(nodes: Nodes): PictureSiblings {
  return {
    async ask(room, id) {
      const { answers } = await nodes.ask<unknown>({ about, data: { room, id } });
      for (const { data } of answers) if (typeof data === 'string') return data;
    },
    answer(find) {
      nodes.answer(about, (data) => {
        const question = questionShape.safeParse(data);
        return question.success ? (find(question.data.room, question.data.id) ?? null) : null;
      });
    },
  };
}
