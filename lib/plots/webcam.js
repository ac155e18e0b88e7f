/**
 * The browser's half of webcam.py: the preview, one picture, and the kernel's answer.
 *
 * A picture goes to the kernel as a message with a buffer. Nothing is set on the model, because Jupyter
 * stores a model's values in the notebook.
 */
const LONGEST = 1600; // pixels a side; a face needs no more, and a Jupyter server takes 10 MB a message
const PATIENCE = { hello: 4000, picture: 12000 }; // ms, after which it says that the kernel has not answered

const OR_CHOOSE = "or choose a picture.";
const INSECURE = `A browser gives the camera only to pages over https or on this machine (localhost). Open the page there, ${OR_CHOOSE}`;
const NO_KERNEL = "This needs a running kernel. Run this cell. If other cells are running, wait until they end.";
const NO_ANSWER = "The kernel has not answered yet. It may be busy. If it was restarted, run this cell again.";
const NO_PICTURE = "This browser cannot read the file as a picture. Choose a JPEG or PNG file.";
const WHY = {
  NotAllowedError: `The camera was not allowed. Allow it for this page in the browser's settings, ${OR_CHOOSE}`,
  NotFoundError: "There is no camera here. Connect one, " + OR_CHOOSE,
  NotReadableError: `Another program is using the camera. Close it there, ${OR_CHOOSE}`,
  OverconstrainedError: `The chosen camera is gone. Start the camera again, ${OR_CHOOSE}`,
};

const PARTS = `
  <div class="look">
    <div class="stage"><video muted playsinline hidden aria-label="What the camera sees, as in a mirror"></video>
      <span class="off">The camera is off</span></div>
    <div class="ways">
      <button type="button" class="start main">Start camera</button>
      <button type="button" class="take main" hidden>Take picture</button>
      <button type="button" class="stop" hidden>Stop camera</button>
      <label class="file"><input type="file" accept="image/*">Choose a picture</label>
      <div class="which" hidden>Camera <select aria-label="Camera"></select></div>
    </div>
    <p class="state" role="status"></p>
  </div>
  <figure hidden><canvas role="img"></canvas><figcaption aria-live="polite"></figcaption></figure>`;

function render({ model, el }) {
  el.classList.add("course-webcam");
  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take Enter and the arrow keys
  el.innerHTML = PARTS;
  const [video, start, take, stop, file, which, devices, state, figure, canvas, words] = [
    "video", ".start", ".take", ".stop", "input", ".which", "select", ".state", "figure", "canvas", "figcaption",
  ].map((part) => el.querySelector(part));
  const view = Math.random(); // one model may be shown in several places
  let stream = null, closed = false, number = 0, patience = 0;

  function say(text, problem = false) {
    state.textContent = text;
    state.classList.toggle("problem", problem);
  }

  function turn(on) {
    video.hidden = take.hidden = stop.hidden = !on;
    start.hidden = on;
    el.querySelector(".off").hidden = on;
    which.hidden = !on || devices.length < 2;
  }

  function turnOff() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = null;
    turn(false);
  }

  async function turnOn() {
    turnOff();
    if (!navigator.mediaDevices) return say(INSECURE, true);
    say("Allow the camera in the browser, if it asks.");
    const chosen = devices.value ? { deviceId: { exact: devices.value } } : { facingMode: "user" };
    try {
      const wanted = { ...chosen, width: { ideal: 1280 }, height: { ideal: 720 } };
      const given = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      if (closed || stream) return given.getTracks().forEach((track) => track.stop());
      stream = given;
      video.srcObject = stream;
      await video.play();
      await listDevices();
      if (!stream) return;
    } catch (error) {
      if (error.name === "OverconstrainedError") devices.replaceChildren();
      if (closed || error.name === "AbortError") return; // turned off while it was starting
      turnOff();
      return say(WHY[error.name] ?? `The camera did not start (${error.name}). Try again, ${OR_CHOOSE}`, true);
    }
    const [track] = stream.getVideoTracks();
    track.onended = () => (turnOff(), say(`The camera was disconnected. Start it again, ${OR_CHOOSE}`, true));
    video.classList.toggle("mirrored", track.getSettings().facingMode !== "environment");
    turn(true);
    say("The camera is on. A picture goes to the computer that runs this notebook. The notebook does not store it.");
    if (document.activeElement !== devices) take.focus();
  }

  async function listDevices() {
    const now = stream.getVideoTracks()[0].getSettings().deviceId;
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    devices.replaceChildren(...cameras.map(({ label, deviceId }, n) => {
      return new Option(label || `Camera ${n + 1}`, deviceId, false, deviceId === now);
    }));
  }

  /** Draw a picture, at most LONGEST pixels a side, and send it. */
  async function send(picture, width, height) {
    const smaller = Math.min(1, LONGEST / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(smaller * width));
    canvas.height = Math.max(1, Math.round(smaller * height));
    const drawing = canvas.getContext("2d");
    drawing.fillStyle = "white"; // where the picture is transparent
    drawing.fillRect(0, 0, canvas.width, canvas.height);
    drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
    show("The picture that was taken", "");
    number += 1;
    const jpeg = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
    tell("The kernel is looking at the picture.", NO_ANSWER, { kind: "picture", number }, await jpeg.arrayBuffer());
  }

  /** Send a message; say `late` where no answer comes. */
  function tell(now, late, content, ...buffers) {
    clearTimeout(patience);
    try {
      model.send({ ...content, view }, undefined, buffers);
    } catch {
      return say(NO_KERNEL, true); // it was restarted
    }
    say(now);
    patience = setTimeout(() => say(late, true), PATIENCE[content.kind]);
  }

  async function hear(content, [png]) {
    if (content.view !== view || (content.number ?? number) !== number) return; // meant for another
    clearTimeout(patience);
    if (content.kind === "ready") return state.textContent === NO_KERNEL && say("");
    if (content.kind === "problem") return say(content.words, true);
    if (png) {
      const picture = await createImageBitmap(new Blob([png], { type: "image/png" }));
      [canvas.width, canvas.height] = [picture.width, picture.height];
      canvas.getContext("2d").drawImage(picture, 0, 0);
    }
    show(png ? "A figure; the words below say what it shows" : "The picture that was taken", content.words);
    say("");
  }

  function show(label, text) {
    figure.hidden = false;
    canvas.setAttribute("aria-label", label);
    words.textContent = text;
  }

  async function sendFile() {
    if (!file.files.length) return;
    let picture;
    try {
      picture = await createImageBitmap(file.files[0]);
    } catch {
      return say(NO_PICTURE, true);
    } finally {
      file.value = ""; // so that the same file can be chosen again
    }
    await send(picture, picture.width, picture.height);
    picture.close();
  }

  start.onclick = devices.onchange = turnOn;
  stop.onclick = () => (turnOff(), say(""), start.focus());
  take.onclick = () => send(video, video.videoWidth, video.videoHeight);
  file.onchange = sendFile;
  model.on("msg:custom", hear);
  tell("", NO_KERNEL, { kind: "hello" });
  return () => {
    closed = true;
    turnOff();
    clearTimeout(patience);
    model.off("msg:custom", hear);
  };
}

export default { render };
