import { useEffect, useState } from 'preact/hooks';
import type { LivePicture } from '../state.ts';
import { useT } from './context.ts';

/** Pictures that somebody shows, as long as they are there. */
export function Pictures({ pictures, name }: { pictures: readonly LivePicture[]; name: string }) {
  if (pictures.length === 0) return null;
  return (
    <div class="pictures">
      {pictures.map((picture) => (
        <Picture key={picture.key} picture={picture} name={name} />
      ))}
    </div>
  );
}

function Picture({
  picture: { blob, width, height, opacity },
  name,
}: {
  picture: LivePicture;
  name: string;
}) {
  const t = useT();
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  if (address === null) return null;
  return (
    <img
      class={opacity === 1 ? 'picture' : `picture fade-${Math.round(opacity * 10)}`}
      src={address}
      width={width}
      height={height}
      alt={t('pictureFrom', { name })}
    />
  );
}
