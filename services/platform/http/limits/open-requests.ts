// Requests that stay open while nothing happens: streams and waits. Each costs memory for as long as it lasts, so their
// number is bounded, per process and per caller, and every one of them ends as soon as the process is told to stop.
// Without the bound one client can exhaust the process; without the end one idle stream holds up the whole stop.

export interface OpenRequest {
  /** Aborted when this request is to end. */
  readonly signal: AbortSignal;
  readonly end: () => void;
  /** Gives the place back. To be called once, whatever the end was. */
  readonly release: () => void;
}

export interface OpenRequests {
  /** A place for one more request of the caller, or why there is none: the process has no more, or the caller has enough. */
  readonly open: (subject: string) => OpenRequest | 'full' | 'too_many';
  readonly count: () => number;
}

export interface OpenRequestLimits {
  /** Per process. */
  readonly limit: number;
  readonly perSubject: number;
  readonly stopping: AbortSignal;
}

export function createOpenRequests({ limit, perSubject, stopping }: OpenRequestLimits): OpenRequests {
  const open = new Map<AbortController, string>();
  const bySubject = new Map<string, number>();
  stopping.addEventListener('abort', () => {
    for (const request of open.keys()) request.abort();
  });

  return {
    open: (subject) => {
      if (stopping.aborted || open.size >= limit) return 'full';
      const own = bySubject.get(subject) ?? 0;
      if (own >= perSubject) return 'too_many';
      const request = new AbortController();
      open.set(request, subject);
      bySubject.set(subject, own + 1);
      return {
        signal: request.signal,
        end: () => request.abort(),
        release: () => {
          if (!open.delete(request)) return;
          const left = (bySubject.get(subject) ?? 1) - 1;
          if (left === 0) bySubject.delete(subject);
          else bySubject.set(subject, left);
        },
      };
    },
    count: () => open.size,
  };
}
