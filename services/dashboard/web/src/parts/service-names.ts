import type { ServiceName } from '../api/types.ts';

export const serviceNames: readonly ServiceName[] = ['order', 'inventory', 'payment'];
