// npm run bench
import './bench/command.ts';
