// A hex dump: the offset, sixteen bytes, and their printable ASCII characters.

const bytesPerLine = 16;
/** More bytes would be too long for a page. */
const maxBytes = 4_096;

export const hexDump = (base64: string): string => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const lines: string[] = [];
  for (let start = 0; start < Math.min(bytes.length, maxBytes); start += bytesPerLine) {
    const line = [...bytes.subarray(start, start + bytesPerLine)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${start.toString(16).padStart(4, '0')}  ${hex.padEnd(3 * bytesPerLine - 1)}  ${text}`);
  }
  if (bytes.length > maxBytes) lines.push(`… and ${bytes.length - maxBytes} bytes more`);
  return lines.join('\n');
};
