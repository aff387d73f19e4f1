// The holder's QR code opens this page with serial and claim code behind #, which no browser sends anywhere.
"use strict";
(() => {
  const [serial, code] = decodeURIComponent(location.hash.slice(1)).split(".");
  if (!serial || !code) return;
  document.getElementById("id_serial").value = serial;
  document.getElementById("id_claim_code").value = code;
  history.replaceState(null, "", location.pathname);
  document.querySelector("#claim button").focus();
})();
