import type { Attachment } from '@earshot/chat/contract';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { DraftFile } from '../../store/state.ts';
import css from '../../styles/files.css' with { type: 'text' };
import { useFixed } from '../context.ts';
import { Icon } from '../icons.tsx';
import type { Chunk } from '../lazy.tsx';
import { IconButton } from '../parts.tsx';
import { problemText } from '../words.ts';

interface AttachmentsProps {
  attachments: readonly Attachment[];
}

interface PendingFilesProps {
  files: readonly DraftFile[];
}

interface DraftFilesProps {
  files: readonly DraftFile[];
  onRemove: (key: string) => void;
}

function Attachments({ attachments }: AttachmentsProps) {
  const pictures = attachments.filter(({ kind, width, height }) => kind === 'image' && width && height);
  return (
    <div class={pictures.length > 1 ? 'attachments attachments-many' : 'attachments'}>
      {attachments.map((attachment) =>
        pictures.includes(attachment) ? (
          <Picture key={attachment.id} attachment={attachment} />
        ) : (
          <FileCard key={attachment.id} attachment={attachment} />
        ),
      )}
    </div>
  );
}

/** Pictures are at most so wide and high, in px. */
const pictureMost = 280;

/** Its room is there before it is: width and height are known. */
function Picture({ attachment }: { attachment: Attachment }) {
  const { t, options } = useFixed();
  const { name, url, previewUrl, width, height } = attachment;
  const link = useRef<HTMLAnchorElement>(null);
  useLayoutEffect(() => {
    const shown = Math.min(1, pictureMost / Math.max(width ?? 1, height ?? 1)) * (width ?? 1);
    link.current?.style.setProperty('--width', `${Math.round(shown)}px`);
    link.current?.style.setProperty('--ratio', `${width} / ${height}`);
  }, [width, height]);
  return (
    <a
      ref={link}
      class="picture"
      href={new URL(url, options.apiOrigin).href}
      target="_blank"
      rel="noopener noreferrer"
    >
      <img
        src={new URL(previewUrl ?? url, options.apiOrigin).href}
        alt={t('picture', { name })}
        width={width ?? undefined}
        height={height ?? undefined}
        loading="lazy"
        decoding="async"
      />
    </a>
  );
}

function FileCard({ attachment: { name, url, bytes } }: { attachment: Attachment }) {
  const { t, options } = useFixed();
  return (
    <a class="file" href={new URL(url, options.apiOrigin).href} download={name} rel="noopener noreferrer">
      <Icon name="file" />
      <span class="file-words">
        <span class="visually-hidden">{t('download')}</span>
        <bdi class="file-name">{name}</bdi>
        <span class="file-size">{t.bytes(bytes)}</span>
      </span>
    </a>
  );
}

function PendingFiles({ files }: PendingFilesProps) {
  const { t } = useFixed();
  return (
    <>
      {files.map((file) =>
        file.preview !== null ? (
          <img
            class="pending-picture"
            key={file.key}
            src={file.preview}
            alt={t('picture', { name: file.name })}
          />
        ) : (
          <span class="file" key={file.key}>
            <Icon name="file" />
            <bdi class="file-name">{file.name}</bdi>
          </span>
        ),
      )}
    </>
  );
}

function DraftFiles({ files, onRemove }: DraftFilesProps) {
  return (
    <ul class="draft-files">
      {files.map((file) => (
        <DraftFileCard key={file.key} file={file} onRemove={() => onRemove(file.key)} />
      ))}
    </ul>
  );
}

function DraftFileCard({ file, onRemove }: { file: DraftFile; onRemove: () => void }) {
  const { t } = useFixed();
  const bar = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => bar.current?.style.setProperty('--progress', `${file.progress}`), [file.progress]);
  return (
    <li class={`draft-file draft-file-${file.state}`}>
      {file.preview === null ? (
        <span class="draft-file-face">
          <Icon name="file" />
        </span>
      ) : (
        <img class="draft-file-face" src={file.preview} alt="" />
      )}
      <span class="draft-file-words">
        <bdi class="file-name">{file.name}</bdi>
        <span class="file-size">
          {file.problem !== null
            ? problemText(t, file.problem)
            : file.state === 'uploading'
              ? t.percent(file.progress)
              : t.bytes(file.bytes)}
        </span>
        {file.state === 'uploading' && (
          <span
            class="progress"
            role="progressbar"
            aria-label={t('uploading', { name: file.name, percent: t.percent(file.progress) })}
            aria-valuenow={Math.round(file.progress * 100)}
            ref={bar}
          />
        )}
      </span>
      <IconButton icon="close" label={t('removeFile', { name: file.name })} onClick={onRemove} />
    </li>
  );
}

/** Of a message that is there. */
export const attachments: Chunk<AttachmentsProps> = { view: Attachments, css };
/** Of one that is on its way. */
export const pendingFiles: Chunk<PendingFilesProps> = { view: PendingFiles, css };
/** Of one that is being written. */
export const draftFiles: Chunk<DraftFilesProps> = { view: DraftFiles, css };
