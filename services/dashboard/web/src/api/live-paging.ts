// The options that all infinite queries share: cursor paging and polling. A poll reads all loaded pages again, so a list with many
// loaded pages is not polled.
import type { Page } from './types.ts';

interface Pages {
  readonly pages: readonly unknown[];
}

const maxPolledPages = 5;

export const isPolled = ({ pages }: Pages): boolean => pages.length <= maxPolledPages;

interface LiveQuery {
  readonly state: { readonly data?: Pages | undefined };
}

const isLive = ({ state: { data } }: LiveQuery): boolean => data === undefined || isPolled(data);

/** @param everyMs Milliseconds between two polls. */
export const livePaging = (everyMs: number) => ({
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: Page<unknown>): string | undefined => page.nextCursor ?? undefined,
  refetchInterval: (query: LiveQuery): number | false => isLive(query) && everyMs,
  refetchOnWindowFocus: isLive,
});
