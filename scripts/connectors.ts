// npm run connectors
import './connectors/command.ts';
