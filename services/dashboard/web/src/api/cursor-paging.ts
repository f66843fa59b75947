// The options of infinite queries over lists that the services page with a cursor.
import type { Page } from './types.ts';

export const cursorPaging = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: Page<unknown>): string | undefined => page.nextCursor ?? undefined,
};
