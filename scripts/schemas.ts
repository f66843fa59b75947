// npm run schemas
import '../schemas/tools/command.ts';
