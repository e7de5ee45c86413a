/** `850 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`. */
export const formatDuration = (milliseconds: number): string => {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** ISO 8601, or "-" when absent; accepts milliseconds since 1970 and ISO text. */
export const formatTimestamp = (time: number | string | undefined): string => {
  if (time === undefined) return "-";
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "-" : date.toISOString();
};
