/** Two soft notes, a fifth apart, made on the spot: no file to fetch, nothing for a policy to refuse. */
export interface Chime {
  /** Silent where the browser wants a click first, or has no sound. */
  play(): Promise<void>;
  stop(): void;
}

export function createChime(): Chime {
  let audio: AudioContext | null = null;
  return {
    async play() {
      if (typeof AudioContext === 'undefined') return;
      if (audio === null) audio = new AudioContext();
      if (audio.state === 'suspended') await audio.resume().catch(() => {});
      if (audio.state !== 'running') return;
      note(audio, 587.33, 0);
      note(audio, 880, 0.09);
    },
    stop() {
      audio?.close().catch(() => {});
      audio = null;
    },
  };
}

function note(audio: AudioContext, hertz: number, after: number): void {
  const start = audio.currentTime + after;
  const tone = new OscillatorNode(audio, { type: 'sine', frequency: hertz });
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.12, start + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.001, start + 0.25);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + 0.26);
}
