// Connect's REST API for the scripts: the same words that the auditor has.
export * from '../../services/platform/connect-rest.ts';
