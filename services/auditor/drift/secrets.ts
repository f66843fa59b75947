// A configuration contains references to secrets. Connect stores and shows only the reference; its worker resolves it.

/** Whether the name of a key means that its value is a secret. */
export const isSecret = (key: string): boolean =>
  /password|secret|token|jaas|credential|keystore\.key|user\.info/i.test(key);

/** Whether a config provider resolves the value, such as `${env:ORDER_CDC_PASSWORD}`. */
export const isReference = (value: string): boolean => /^\$\{[a-z]+:[^}]+\}$/.test(value);
