"""What people see: the server process, its gate and sign-in page, and the parts the pages are made of."""
