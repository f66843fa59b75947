import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePorts, isFree, portNames, portsFrom } from './ports.ts';
import { ports as topology } from './topology.ts';

describe('portsFrom', () => {
  it('takes the defaults of the topology', () => {
    const chosen = portsFrom({});
    for (const name of portNames) expect(chosen[name]).toBe(topology[name].default);
  });

  it('takes a port from the environment', () => {
    expect(portsFrom({ KAFKA_PORT: '19092' }).kafka).toBe(19_092);
  });

  it.each(['0', '70000', 'nine', '80.5'])('refuses %j', (value) => {
    expect(() => portsFrom({ KAFKA_PORT: value })).toThrow('KAFKA_PORT must be a port');
  });

  it('refuses two parts on one port', () => {
    expect(() => portsFrom({ KAFKA_PORT: '3000' })).toThrow('DASHBOARD_PORT and KAFKA_PORT are both 3000');
  });
});

describe('freePorts', () => {
  it('finds a different port for each part', async () => {
    const values = Object.values(await freePorts());
    expect(new Set(values).size).toBe(Object.keys(topology).length);
  });
});

describe('isFree', () => {
  it('notices a listener', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    expect(await isFree(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await isFree(port)).toBe(true);
  });
});
