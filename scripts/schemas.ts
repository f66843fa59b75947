// npm run schemas
import './schemas/command.ts';
