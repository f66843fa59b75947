// Type declarations for the two codec packages, which have none.
declare module 'snappyjs' {
  /** One raw Snappy block. */
  export function uncompress(compressed: Uint8Array): Uint8Array;
}
declare module 'lz4js' {
  /** One LZ4 frame. */
  export function decompress(compressed: Uint8Array): Uint8Array;
}
