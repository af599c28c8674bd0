// How letters look here: a number made of their pixels.
const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 160 });
const draw = canvas.getContext('2d', { willReadFrequently: true });
draw.textBaseline = 'top';
const styles = getComputedStyle(document.documentElement);
['font: 13px', 'font: 600 20px', 'code: 12.5px', 'font: 12px'].forEach((one, line) => {
  const [family, look] = one.split(': ');
  draw.font = `${look} ${family === 'code' ? styles.getPropertyValue('--mono') : styles.getPropertyValue('--font')}`;
  draw.fillText('Samepath: vast:amick/maze 0123456789 ✓ ✕ ◷ › · … → ÄéñŒ', 0, line * 40);
});
let hash = 0x811c9dc5;
for (const byte of draw.getImageData(0, 0, canvas.width, canvas.height).data) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
return hash.toString(16).padStart(8, '0');
