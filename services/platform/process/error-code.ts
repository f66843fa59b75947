/** The code of an error, such as ENOENT of Node or a SQLSTATE of the database driver; undefined when it has none. */
export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
