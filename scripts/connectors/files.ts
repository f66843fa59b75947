// Reads the files in connectors/ for the operators' commands. An unreadable file is reported as one sentence, without a stack
// trace.
import { readConnectorFile, type ConnectorConfig } from '../../services/auditor/drift/connector-file.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import type { ServiceName } from '../stack/topology.ts';

export { connectorFile, type ConnectorConfig } from '../../services/auditor/drift/connector-file.ts';

export const readConnector = (service: ServiceName): ConnectorConfig => {
  try {
    return readConnectorFile(service);
  } catch (error) {
    throw failure(messageOf(error));
  }
};
