/** Rejects with `failure()` when `work` takes longer than `timeoutMs`. The work itself continues; its later outcome is ignored. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, failure: () => Error): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    timeout.reject(failure());
  }, timeoutMs);
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
