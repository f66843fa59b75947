// The options that all infinite queries share: the services page their lists with a cursor.
import type { Page } from './types.ts';

export const cursorPaging = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: Page<unknown>): string | undefined => page.nextCursor ?? undefined,
};
