// npm run drill
import './drill/command.ts';
