// npm run images
import './quality/images.ts';
