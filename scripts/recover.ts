// npm run recover
import './recover/command.ts';
