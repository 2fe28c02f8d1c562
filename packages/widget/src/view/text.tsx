import type { ComponentChildren } from 'preact';
import { type Inline, parseText } from '../store/format.ts';

/**
 * Text of strangers as text nodes and a few elements, never as HTML.
 * @param me my name: where I am mentioned it is marked
 */
export function formatted(text: string, me: string): ComponentChildren {
  const blocks = parseText(text, [me]);
  return blocks.map((block, index) => {
    if (block.type === 'code-block') return <pre class="text-block">{block.text}</pre>;
    const inline = inlines(block.children, me.toLowerCase());
    if (block.type === 'quote') return <blockquote class="text-quote">{inline}</blockquote>;
    return index > 0 || blocks.length > 1 ? <p>{inline}</p> : inline;
  });
}

function inlines(parts: readonly Inline[], me: string): ComponentChildren[] {
  return parts.map((part) => {
    switch (part.type) {
      case 'text':
        return part.text;
      case 'code':
        return <code class="text-code">{part.text}</code>;
      case 'strong':
        return <strong>{inlines(part.children, me)}</strong>;
      case 'emphasis':
        return <em>{inlines(part.children, me)}</em>;
      case 'link':
        return (
          <a href={part.href} target="_blank" rel="noopener noreferrer nofollow ugc">
            {part.text}
          </a>
        );
      default:
        return (
          <bdi class={part.name.toLowerCase() === me ? 'mention mention-me' : 'mention'}>{part.text}</bdi>
        );
    }
  });
}
