"""Pure renderers: state in, Block Kit out. Nothing here can send, store or decide."""
