import type { Conversation, Message, Person } from '@earshot/chat/contract';
import type { TextKey, Translator } from '../i18n/translate.ts';
import type { Problem } from '../store/state.ts';

/** A refusal or failure in words that say what to do. */
export function problemText(t: Translator, { code, detail = '', retryAfterSeconds }: Problem): string {
  const n = Math.ceil(retryAfterSeconds ?? 0);
  if (n > 0 && code === 'slow_mode') return t('slowMode', { n });
  if (n > 0 && code === 'too_many_requests') return t('problem_too_many_requests_in', { n });
  return t(`problem_${code}`, { detail });
}

/** Erased people have the name that the reader's language gives them. */
export function nameOf(t: Translator, person: Person): string {
  return person.deleted ? t('deletedPerson') : person.name;
}

/** What a conversation is called where it is listed and in its header. */
export function titleOf(t: Translator, { kind, title, name, with: other }: Conversation): string {
  if (kind === 'direct') return other === null ? t('deletedPerson') : nameOf(t, other);
  if (title !== '') return title;
  if (name === 'lobby') return t('lobby');
  return name ?? t('pageRoom');
}

/** What a message says in one line, for lists and announcements. */
export function lineOf(t: Translator, message: Message): string {
  if (message.deletedAt !== null) return t('deletedMessage');
  if (message.system !== null) return systemText(t, message);
  if (message.text === '' && message.attachments.length > 0) {
    return message.attachments[0]?.name ?? t('attachmentOnly');
  }
  return message.text.replace(/\s+/g, ' ');
}

const roleKeys = { owner: 'roleOwner', moderator: 'roleModerator', member: 'roleMember' } as const;

/** The sentence of a line that the server wrote as data. */
export function systemText(t: Translator, { system, author }: Message): string {
  if (system === null) return '';
  const name = nameOf(t, author);
  switch (system.type) {
    case 'topic':
      return t(system.topic === '' ? 'sysTopicNone' : 'sysTopic', { name, topic: system.topic });
    case 'title':
      return t('sysTitle', { name, title: system.title });
    case 'renamed':
      return t('sysRenamed', { from: system.from, to: system.to });
    case 'role':
      return t('sysRole', {
        name,
        person: nameOf(t, system.person),
        role: t(roleKeys[system.role]),
      });
    default: {
      const keys: Record<string, TextKey> = { kicked: 'sysKicked', banned: 'sysBanned', muted: 'sysMuted' };
      return t(keys[system.type] ?? 'sysMuted', { name, person: nameOf(t, system.person) });
    }
  }
}

/** At most `most` names, then how many more. */
export function namesOf(t: Translator, people: readonly Person[], most = 3): string {
  const names = people.slice(0, most).map((person) => nameOf(t, person));
  const rest = people.length - names.length;
  return t.list(rest > 0 ? [...names, t('andOthers', { n: rest })] : names);
}
