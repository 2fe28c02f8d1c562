/** Stands where something will be; shows only when it takes longer than 300 ms (by its style). */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div class="skeleton">
      <span class="visually-hidden" role="status">
        Loading…
      </span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} class="skeleton-line" aria-hidden="true" />
      ))}
    </div>
  );
}
