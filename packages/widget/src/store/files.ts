import { type Id, limits } from '@earshot/chat/contract';
import type { Answer } from '../client/answer.ts';
import { uuid } from '../client/env.ts';
import type { Kernel } from './kernel.ts';
import type { DraftFile, Problem } from './state.ts';

/** Files of drafts: each is uploaded at once, and sent with the message. */
export interface Files {
  add(id: Id, files: readonly File[]): void;
  remove(id: Id, key: string): void;
  stop(): void;
}

export function createFiles(kernel: Kernel): Files {
  const { env, api } = kernel;
  const uploads = new Map<string, () => void>();

  function setFiles(id: Id, change: (files: readonly DraftFile[]) => readonly DraftFile[]): void {
    kernel.change(id, (state) => ({ ...state, draft: { ...state.draft, files: change(state.draft.files) } }));
  }

  function setFile(id: Id, key: string, change: Partial<DraftFile>): void {
    setFiles(id, (files) => files.map((file) => (file.key === key ? { ...file, ...change } : file)));
  }

  function add(id: Id, file: File): void {
    const { config } = kernel.state();
    const count = kernel.conversation(id)?.draft.files.length ?? limits.attachmentsPerMessage;
    if (count >= limits.attachmentsPerMessage) return;
    const key = uuid(env);
    const draft: DraftFile = {
      key,
      name: file.name,
      bytes: file.size,
      preview: env.page.preview(file),
      progress: 0,
      state: 'uploading',
      problem: null,
      attachment: null,
    };
    setFiles(id, (files) => [...files, draft]);
    const failed = (problem: Problem) =>
      setFile(id, key, { state: 'failed', problem: { ...problem, detail: file.name } });
    const most = config.phase === 'ready' ? config.value.files?.bytes : undefined;
    if (most === undefined) {
      failed({ code: 'files_refused' });
      return;
    }
    if (file.size > most) {
      failed({ code: 'too_large' });
      return;
    }
    const done = ({ problem, value }: Answer<DraftFile['attachment']>) => {
      uploads.delete(key);
      if (problem !== null) failed(problem);
      else setFile(id, key, { state: 'ready', progress: 1, attachment: value });
    };
    uploads.set(
      key,
      api.upload(id, file, (progress) => setFile(id, key, { progress }), done),
    );
  }

  return {
    add(id, files) {
      for (const file of files) add(id, file);
    },
    remove(id, key) {
      uploads.get(key)?.();
      uploads.delete(key);
      const preview = kernel.conversation(id)?.draft.files.find((file) => file.key === key)?.preview;
      if (preview) env.page.dropPreview(preview);
      setFiles(id, (files) => files.filter((file) => file.key !== key));
    },
    stop() {
      for (const abort of uploads.values()) abort();
    },
  };
}
