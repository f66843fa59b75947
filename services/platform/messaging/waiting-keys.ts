/** The keys of one partition whose records wait for the end of a transient failure. Records of a key keep their sequence. */
export interface WaitingKeys {
  has(key: string | null): boolean;
  /** True when no more records may be added: the partition must wait. */
  isFull(): boolean;
  keys(): number;
  /** Runs `work` once all earlier work of this key has succeeded. Rejects without running it when earlier work has failed. */
  add(key: string | null, work: () => Promise<void>): Promise<void>;
}

export interface WaitingLimit {
  readonly keys: number;
  readonly records: number;
}

export function createWaitingKeys(limit: WaitingLimit): WaitingKeys {
  const lanes = new Map<string | null, { last: Promise<void>; records: number }>();
  let records = 0;

  return {
    has: (key) => lanes.has(key),
    isFull: () => lanes.size >= limit.keys || records >= limit.records,
    keys: () => lanes.size,
    add: (key, work) => {
      const lane = lanes.get(key) ?? { last: Promise.resolve(), records: 0 };
      lanes.set(key, lane);
      lane.records += 1;
      records += 1;
      lane.last = lane.last.then(work).finally(() => {
        lane.records -= 1;
        records -= 1;
        if (lane.records === 0) lanes.delete(key);
      });
      return lane.last;
    },
  };
}
