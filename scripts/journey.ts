// npm run journey
import './journey/command.ts';
