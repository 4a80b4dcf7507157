"""A websocket by hand, to see the wire itself."""

import simple_websocket


class Socket(simple_websocket.Client):
    """Sees a frame that came together with the handshake's answer; the library's own client waits for the next one,
    which may be ten seconds away.
    """

    def handshake(self):
        super().handshake()
        self.connected = self._handle_events()
        if not self.connected:
            self.sock.close()
