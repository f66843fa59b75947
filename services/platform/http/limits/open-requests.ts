// Requests that stay open while nothing happens: streams and waits. Each uses memory while it is open, so their number is limited
// per process and per caller. All of them end when the process begins to stop, so that no idle stream delays the stop.

export interface OpenRequest {
  /** Aborted when this request is to end. */
  readonly signal: AbortSignal;
  readonly end: () => void;
  /** Stops counting the request. Called once the request has ended, for whatever reason. */
  readonly release: () => void;
}

export interface OpenRequests {
  /**
   * Opens a request for the caller. Returns `full` if the process has reached its limit or is stopping, and `too_many` if the
   * caller has reached the limit per caller.
   */
  readonly open: (subject: string) => OpenRequest | 'full' | 'too_many';
  readonly count: () => number;
}

interface OpenRequestLimits {
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
